"""A bus in memory with the interface of the SDK's `PortHandler`, for lock-step runs."""

from firmware_bridge.emulator.chain import ServoChain


class MemoryPort:
    """Hands instruction bytes to a chain and returns its answer at once.

    No time passes in here: when no byte is left, the packet has timed out. Attribute
    and method names are those of dynamixel_sdk.PortHandler.
    """

    def __init__(self, chain: ServoChain, name: str = "memory"):
        self._chain = chain
        self._answer = b""
        self.port_name = name
        self.is_using = False
        self.is_open = True
        self.baudrate = chain.config.baud

    def openPort(self) -> bool:
        self.is_open = True
        return True

    def closePort(self) -> None:
        self.is_open = False

    def clearPort(self) -> None:
        self._answer = b""

    def setPortName(self, port_name: str) -> None:
        self.port_name = port_name

    def getPortName(self) -> str:
        return self.port_name

    def setBaudRate(self, baudrate: int) -> bool:
        self.baudrate = baudrate
        return True

    def getBaudRate(self) -> int:
        return self.baudrate

    def getBytesAvailable(self) -> int:
        return len(self._answer)

    def readPort(self, length: int) -> bytes:
        taken = self._answer[:length]
        self._answer = self._answer[length:]
        return taken

    def writePort(self, packet: bytes | list[int]) -> int:
        self._answer += self._chain.handle(bytes(packet))
        return len(packet)

    def setPacketTimeout(self, packet_length: int) -> None:
        """Needs nothing: an answer is there at once or never."""

    def setPacketTimeoutMillis(self, msec: float) -> None:
        """Needs nothing: an answer is there at once or never."""

    def isPacketTimeout(self) -> bool:
        return not self._answer

    def getCurrentTime(self) -> float:
        """Milliseconds of the chain's clock."""
        return self._chain.clock.now() * 1000
