"""What is measured on the robot and used by the simulator."""
