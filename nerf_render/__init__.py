"""Empty: reserved for egocentric camera images from radiance fields."""
