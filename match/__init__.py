"""Rules, referee, protocol and the record of a match."""
