"""The live page: a pitch in 3D to watch, a panel to read, buttons for who may press."""
