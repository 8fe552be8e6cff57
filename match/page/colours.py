"""Jersey colours as shown on screens, and which text is legible on them."""

from robot.contracts.game_control import TeamColour

Rgb = tuple[int, int, int]

JERSEYS: dict[TeamColour, Rgb] = {
    TeamColour.BLUE: (36, 92, 214),
    TeamColour.RED: (208, 48, 40),
    TeamColour.YELLOW: (240, 200, 30),
    TeamColour.BLACK: (30, 32, 36),
    TeamColour.WHITE: (238, 240, 243),
    TeamColour.GREEN: (34, 170, 84),
    TeamColour.ORANGE: (240, 126, 24),
    TeamColour.PURPLE: (138, 70, 200),
    TeamColour.BROWN: (128, 84, 50),
    TeamColour.GRAY: (140, 146, 156),
}


def css(colour: Rgb) -> str:
    """As CSS writes it."""
    return "#" + "".join(f"{channel:02x}" for channel in colour)


def ink_on(colour: Rgb) -> str:
    """Black or white text, whichever reads better on `colour`.

    By luma, Rec. 601: 0.299 R + 0.587 G + 0.114 B.
    """
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return "#111" if luma > 140 else "#fff"
