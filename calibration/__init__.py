"""Measuring one robot: camera, joint zeros, servos, sensor board, delays, drift."""
