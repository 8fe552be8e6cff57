"""Servo identification: motions, a limb's model, the fit, its report."""
