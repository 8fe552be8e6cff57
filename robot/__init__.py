"""What runs onboard: contracts, policies, observations, safety and the control loop."""
