"""The simulated world: OP3 model, pitch, physics, tasks and the virtual robot."""
