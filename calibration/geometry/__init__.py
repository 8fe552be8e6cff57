"""Camera on the head and joint zeros: chain of links, views of boards, their fit."""
