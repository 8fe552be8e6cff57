"""The skills one robot plays with: walk, get-up, kick, and a score policy if any."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from robot.contracts.camera import CameraModel
from robot.contracts.errors import ContractError, raise_if_any
from robot.contracts.policy import PolicySpec, Role, read_spec
from robot.policy import Policy, load_bundle

ROLES: tuple[Role, ...] = get_args(Role)
NEEDED: tuple[Role, ...] = ("walk", "getup", "kick")
"""Without these nobody plays; a score policy, where there is one, takes over."""


@dataclass(frozen=True, kw_only=True)
class Player:
    """One policy per role; `score` may be missing."""

    walk: Policy
    getup: Policy
    kick: Policy
    score: Policy | None = None

    @property
    def camera(self) -> CameraModel | None:
        """What its policies see with; None if none of them sees."""
        cameras = (spec.camera for spec in self.specs)
        return next((camera for camera in cameras if camera is not None), None)

    @property
    def policies(self) -> dict[Role, Policy]:
        """Those there are, by role."""
        found: dict[Role, Policy | None] = {role: getattr(self, role) for role in ROLES}
        return {role: policy for role, policy in found.items() if policy is not None}

    @property
    def kick_aims(self) -> bool:
        """Its kick takes a direction and needs no place; such a one may begin in
        mid-stride."""
        spec = self.kick.spec
        terms = spec.observation.terms
        return spec.kick is None and any(t.name == "kick_direction" for t in terms)

    def skill(self, role: Role) -> Policy:
        """Raises KeyError for a score policy that is not there."""
        return self.policies[role]

    @property
    def specs(self) -> tuple[PolicySpec, ...]:
        return tuple(policy.spec for policy in self.policies.values())


def load_player(folder: Path, defaults: Path | tuple[Path, ...]) -> Player:
    """Load all skills.

    Args:
        folder: one bundle, or a folder with sub-folders walk, getup, kick and score of
            which some may be missing.
        defaults: one or more of the same; the first that has it gives what `folder`
            does not.

    Raises:
        ContractError: no bundle there, or a broken one; lists the faults of all roles.
    """
    if not folder.is_dir():
        raise ContractError(
            str(folder),
            [
                "expected a folder with spec.json (a bundle) or with sub-folders "
                f"{', '.join(ROLES)}, found no such folder; give e.g. policies/walk"
            ],
        )
    others = (defaults,) if isinstance(defaults, Path) else defaults
    chosen = _folders(folder, others)
    policies: dict[str, Policy] = {}
    faults: list[str] = []
    for role, place in chosen.items():
        try:
            policies[role] = _load_role(role, place)
        except ContractError as error:
            faults += [f"{error.subject}: {fault}" for fault in error.faults]
    raise_if_any(f"player {folder}", faults)
    _check_gains(folder, policies)
    _check_cameras(folder, policies)
    return Player(**policies)


def own_skills(folder: Path) -> dict[Role, Path]:
    """Bundles that `folder` itself holds, by role: it may be one.

    Raises:
        ContractError: no bundle there, or its `spec.json` is broken.
    """
    if (folder / "spec.json").is_file():
        return {read_spec(folder / "spec.json").role: folder}
    own: dict[Role, Path] = {
        role: folder / role for role in ROLES if (folder / role).is_dir()
    }
    if not own:
        raise ContractError(
            str(folder),
            [
                "expected spec.json (a bundle) or sub-folders named "
                f"{', '.join(ROLES)}, found neither"
            ],
        )
    return own


def _folders(folder: Path, defaults: tuple[Path, ...]) -> dict[Role, Path]:
    found = own_skills(folder)
    for other in defaults:
        found = own_skills(other) | found
    last = defaults[-1] if defaults else folder
    # A needed one that nobody has is looked for where the error is most helpful.
    nowhere: dict[Role, Path] = {role: last / role for role in NEEDED}
    return nowhere | found


def _load_role(role: Role, folder: Path) -> Policy:
    found = read_spec(folder / "spec.json").role
    if found != role:
        raise ContractError(
            str(folder), [f"expected a bundle of role {role!r}, found {found!r}"]
        )
    return load_bundle(folder)


def _check_gains(folder: Path, policies: dict[str, Policy]) -> None:
    gains = {role: policy.spec.gains for role, policy in policies.items()}
    if len(set(gains.values())) > 1:
        listed = "; ".join(f"{role} {value}" for role, value in gains.items())
        raise ContractError(
            f"player {folder}",
            [f"expected the same servo gains for all skills, found {listed}"],
        )


def _check_cameras(folder: Path, policies: dict[str, Policy]) -> None:
    cameras = {
        role: policy.spec.camera
        for role, policy in policies.items()
        if policy.spec.camera is not None
    }
    if len(set(cameras.values())) > 1:
        listed = "; ".join(f"{role} {value}" for role, value in cameras.items())
        raise ContractError(
            f"player {folder}",
            [f"expected the same camera for all skills that see, found {listed}"],
        )
