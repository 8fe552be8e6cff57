"""Intrinsics: boards, their detection, the fit, what the views cover."""
