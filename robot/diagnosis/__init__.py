"""What must be right on a robot before torque goes on, and the EEPROM behind it."""
