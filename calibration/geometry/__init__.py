"""Joint zeros, plates and the head camera, solved together over the kinematic chain."""
