"""The environment core behind the interfaces of other libraries (extra `views`)."""
