"""Radiance fields to egocentric camera images."""
