"""The processors that are emulated, and what their kernels say about them."""

from __future__ import annotations

from dataclasses import dataclass

OLD = "fp asimd evtstrm crc32 cpuid"
NEW = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop "
    "asimddp"
)


@dataclass(frozen=True)
class Processor:
    """One that QEMU can emulate."""

    cpu: str
    """QEMU's name of it."""
    board: str
    features: str
    """As the kernel calls them."""
    part: str
    """Of MIDR_EL1 (Arm Architecture Reference Manual)."""

    @property
    def dot_products(self) -> bool:
        """Whether it multiplies 8-bit numbers four at a time (SDOT): another kernel is used."""
        return "asimddp" in self.features.split()

    def cpuinfo(self, cores: int = 4) -> str:
        """What /proc/cpuinfo says there: QEMU 7.2 leaves that of the x86 processor to be seen.

        Source: arch/arm64/kernel/cpuinfo.c.
        """
        one = (
            f"BogoMIPS\t: 108.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {self.part}\n"
            "CPU revision\t: 3\n\n"
        )
        blocks = (f"processor\t: {number}\n{one}" for number in range(cores))
        return "".join(blocks) + f"Model\t\t: {self.board} (emulated)\n"


PI_4 = Processor("cortex-a72", "Raspberry Pi 4 Model B", OLD, "0xd08")
PI_5 = Processor("cortex-a76", "Raspberry Pi 5 Model B", NEW, "0xd0b")
