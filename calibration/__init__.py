"""Empty: reserved for what is measured on a real robot and used by the simulator."""
