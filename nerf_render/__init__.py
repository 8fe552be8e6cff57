"""From photographs of the lab to what a robot's camera would see there.

`scene_file` is what all parts share. `capture` and `fit` make one from pictures,
`field` renders it as its own training code does, `baked` fast.
"""
