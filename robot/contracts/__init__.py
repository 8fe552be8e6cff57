"""The vocabulary all packages share: joints, policies, field, messages.

Standard library and NumPy only. Import from the modules below.
"""
