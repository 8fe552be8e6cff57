"""The onboard log: every cycle into MCAP files, and reading them back."""
