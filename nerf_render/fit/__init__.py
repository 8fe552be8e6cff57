"""Fitting a radiance field to a capture with nerfstudio, in its own environment.

`trainer*` and `fast_hash` run there (torch, nerfstudio; nothing of this project
besides); all other modules run here and never import torch.
"""
