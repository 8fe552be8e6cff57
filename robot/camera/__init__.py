"""Pictures for the policy: camera, video file or a drawing function, one interface.

cv2 is imported where a device or file is opened, and not before.
"""
