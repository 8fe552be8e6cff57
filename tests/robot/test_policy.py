"""Bundles: what is loaded acts as its golden file says, what does not is refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest

from robot.contracts.errors import ContractError
from robot.contracts.policy import KickSpec, read_spec, write_spec
from robot.player import load_player
from robot.policy import load_bundle, write_golden
from tests.fakes.bundles import linear_network, small_spec, write_bundle, write_player


def test_a_network_acts_like_the_matrix_it_holds(tmp_path):
    spec = write_bundle(tmp_path)
    policy = load_bundle(tmp_path)
    weight = onnx.numpy_helper.to_array(
        onnx.load(str(tmp_path / "policy.onnx")).graph.initializer[0]
    )
    observation = np.arange(spec.observation.size, dtype=np.float32)
    action, state = policy.act(observation, policy.initial_state())
    assert action == pytest.approx(observation @ weight, abs=1e-5)
    assert action.dtype == np.float32
    assert state == ()


def test_recurrent_state_goes_in_and_comes_out(tmp_path):
    spec = write_bundle(tmp_path, memory=2)
    policy = load_bundle(tmp_path)
    observation = np.zeros(spec.observation.size, dtype=np.float32)
    first, state = policy.act(observation, policy.initial_state())
    second, state = policy.act(observation, state)
    # The action adds the sum of two state values; each grows by 1 per step.
    assert first == pytest.approx(np.zeros(18))
    assert second == pytest.approx(np.full(18, 2.0))
    assert state[0] == pytest.approx([2.0, 2.0])


def test_every_missing_file_is_named_at_once(tmp_path):
    write_bundle(tmp_path)
    for name in ("policy.onnx", "golden.npz"):
        (tmp_path / name).unlink()
    with pytest.raises(ContractError) as caught:
        load_bundle(tmp_path)
    assert caught.value.faults == (
        "expected policy.onnx, found no such file; export the bundle again",
        "expected golden.npz, found no such file; export the bundle again",
    )


def test_a_folder_without_a_spec_is_not_a_bundle(tmp_path):
    with pytest.raises(ContractError, match=r"expected a policy bundle's spec\.json"):
        load_bundle(tmp_path)


def test_a_bundle_that_acts_differently_is_refused_with_step_and_joint(tmp_path):
    write_bundle(tmp_path)
    with np.load(tmp_path / "golden.npz") as file:
        observation, action = file["observation"], file["action"].copy()
    # Column 3 of the body joints is l_sho_roll (servo ids 1, 2, 3, 4).
    action[2, 3] += 0.01
    found = action[2, 3] - 0.01
    np.savez(tmp_path / "golden.npz", observation=observation, action=action)
    with pytest.raises(ContractError) as caught:
        load_bundle(tmp_path)
    (fault,) = caught.value.faults
    assert fault.startswith(
        f"expected action {action[2, 3]:.6g} at step 2 for joint l_sho_roll, "
        f"found {found:.6g} (1 of 90 values differ"
    )


def test_a_difference_within_tolerance_is_accepted(tmp_path):
    write_bundle(tmp_path)
    with np.load(tmp_path / "golden.npz") as file:
        observation, action = file["observation"], file["action"] + np.float32(5e-5)
    np.savez(tmp_path / "golden.npz", observation=observation, action=action)
    policy = load_bundle(tmp_path)
    found, _ = policy.act(observation[0], policy.initial_state())
    np.testing.assert_allclose(found, action[0], atol=1e-4)


def test_a_policy_that_answers_nan_is_refused(tmp_path):
    spec = write_bundle(tmp_path)
    network = linear_network(spec.observation.size, 18)
    weight = np.full((spec.observation.size, 18), np.nan, dtype=np.float32)
    network.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(weight, "weight_0")
    )
    onnx.save(network, str(tmp_path / "policy.onnx"))
    with pytest.raises(ContractError, match="found nan"):
        load_bundle(tmp_path)


def test_a_golden_file_of_another_shape_is_refused(tmp_path):
    write_bundle(tmp_path)
    np.savez(
        tmp_path / "golden.npz",
        observation=np.zeros((2, 4), np.float32),
        action=np.zeros((2, 18), np.float32),
    )
    with pytest.raises(
        ContractError,
        match=r"observation: expected float32 shape \(2, 9\), found float32 \(2, 4\)",
    ):
        load_bundle(tmp_path)


def test_a_golden_file_that_is_not_one_is_refused(tmp_path):
    write_bundle(tmp_path)
    (tmp_path / "golden.npz").write_bytes(b"not a zip")
    with pytest.raises(ContractError, match="expected arrays observation"):
        load_bundle(tmp_path)


def test_a_network_of_another_shape_is_refused(tmp_path):
    write_bundle(tmp_path)
    onnx.save(linear_network(7, 18), str(tmp_path / "policy.onnx"))
    with pytest.raises(
        ContractError,
        match=r"input observation: expected float32 \(1, 9\), "
        r"found tensor\(float\) \(1, 7\)",
    ):
        load_bundle(tmp_path)


def test_a_network_with_memory_the_spec_does_not_know_is_refused(tmp_path):
    write_bundle(tmp_path)
    onnx.save(linear_network(9, 18, memory=2), str(tmp_path / "policy.onnx"))
    with pytest.raises(ContractError) as caught:
        load_bundle(tmp_path)
    assert caught.value.faults == (
        "input state_0: expected one of observation",
        "output next_state_0: expected one of action",
    )


def test_a_file_that_is_no_network_is_refused(tmp_path):
    write_bundle(tmp_path)
    (tmp_path / "policy.onnx").write_bytes(b"hello")
    with pytest.raises(ContractError, match="expected an ONNX network"):
        load_bundle(tmp_path)


def test_an_observation_term_the_robot_cannot_sense_is_refused(tmp_path):
    write_bundle(tmp_path)
    plain = json.loads((tmp_path / "spec.json").read_text())
    plain["observation"]["terms"][0]["name"] = "smell"
    (tmp_path / "spec.json").write_text(json.dumps(plain))
    with pytest.raises(ContractError, match="observation term smell: expected one of"):
        load_bundle(tmp_path)


def test_write_golden_rolls_from_the_initial_state(tmp_path):
    write_bundle(tmp_path / "bundle", memory=1)
    policy = load_bundle(tmp_path / "bundle")
    size = small_spec().observation.size
    write_golden(tmp_path / "new.npz", policy, np.zeros((3, size), np.float32))
    with np.load(tmp_path / "new.npz") as file:
        assert file["action"][:, 0] == pytest.approx([0.0, 1.0, 2.0])


def test_a_single_walk_takes_its_other_skills_from_the_defaults(tmp_path):
    write_player(tmp_path / "defaults")
    write_bundle(tmp_path / "mine", "walk", seed=9)
    player = load_player(tmp_path / "mine", tmp_path / "defaults")
    default = load_player(tmp_path / "defaults", tmp_path / "defaults")
    observation = np.ones(9, dtype=np.float32)

    def acts(policy):
        return policy.act(observation, policy.initial_state())[0].tolist()

    assert acts(player.walk) != acts(default.walk)
    assert acts(player.kick) == acts(default.kick)
    assert acts(player.getup) == acts(default.getup)


def test_a_single_bundle_takes_the_place_of_its_own_role(tmp_path):
    write_player(tmp_path / "defaults")
    write_bundle(tmp_path / "mine", "kick", seed=9)
    player = load_player(tmp_path / "mine", tmp_path / "defaults")
    default = load_player(tmp_path / "defaults", tmp_path / "defaults")
    observation = np.ones(9, dtype=np.float32)

    def acts(policy):
        return policy.act(observation, policy.initial_state())[0].tolist()

    assert acts(player.kick) != acts(default.kick)
    assert acts(player.walk) == acts(default.walk)


def test_of_several_defaults_the_first_that_has_a_role_gives_it(tmp_path):
    write_player(tmp_path / "defaults")
    write_bundle(tmp_path / "walk", "walk", seed=9)
    write_bundle(tmp_path / "kick", "kick", seed=9)
    player = load_player(tmp_path / "kick", (tmp_path / "walk", tmp_path / "defaults"))
    alone = load_player(tmp_path / "walk", tmp_path / "defaults")
    observation = np.ones(9, dtype=np.float32)

    def acts(policy):
        return policy.act(observation, policy.initial_state())[0].tolist()

    assert acts(player.walk) == acts(alone.walk)
    assert acts(player.getup) == acts(alone.getup)
    assert acts(player.kick) != acts(alone.kick)


def test_a_kick_in_the_folder_of_a_walk_is_refused(tmp_path):
    write_player(tmp_path / "defaults")
    write_bundle(tmp_path / "mine" / "walk", "kick")
    with pytest.raises(
        ContractError, match="expected a bundle of role 'walk', found 'kick'"
    ):
        load_player(tmp_path / "mine", tmp_path / "defaults")


def test_faults_of_all_skills_come_together(tmp_path):
    write_player(tmp_path)
    shutil.rmtree(tmp_path / "getup")
    (tmp_path / "kick" / "golden.npz").unlink()
    with pytest.raises(ContractError) as caught:
        load_player(tmp_path, tmp_path)
    assert len(caught.value.faults) == 2
    assert "getup" in caught.value.faults[0]
    assert "golden.npz" in caught.value.faults[1]


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ContractError, match="found no such folder"):
        load_player(tmp_path / "nowhere", tmp_path)


@pytest.mark.parametrize(
    ("role", "changes", "fault"),
    [
        ("kick", {}, ""),
        ("kick", {"ahead_m": (0.2, 0.1)}, "kick.ahead_m: expected least < largest"),
        ("kick", {"settle_s": -0.1}, "kick.settle_s: expected >= 0, found -0.1"),
        ("walk", {}, "kick: expected only of a kick, found one of role walk"),
    ],
)
def test_a_kick_says_where_it_wants_the_ball(tmp_path, role, changes, fault):
    ranges = {"ahead_m": (0.1, 0.2), "aside_m": (0.0, 0.1), "turn_rad_m": 4.0}
    kick = KickSpec(**{**ranges, "settle_s": 0.5, **changes})
    spec = replace(small_spec(role), kick=kick)
    path = tmp_path / "spec.json"
    if fault:
        with pytest.raises(ContractError, match=fault):
            write_spec(path, spec)
        return
    write_spec(path, spec)
    assert read_spec(path) == spec
