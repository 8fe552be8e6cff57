"""Dynamixel bus, OpenCR board, control tables and an emulated bus."""
