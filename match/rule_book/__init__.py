"""The sections of a rule book: every time, distance and switch, with unit and source.

Short names of sources: rules 2026: RoboCup-HumanoidSoccerLeague/HSL-Rules, game.tex at
011a8f8 with variables.tex at 3079e99 (June 2026). GameController 6: the small league's
params.yaml of RoboCup-HumanoidSoccerLeague/GameController. GameController 7: that
repository's automatic referee (2026). hlvs: RoboCup-Humanoid-TC/hlvs_webots.
"""
