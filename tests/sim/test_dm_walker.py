"""The OP3 in dm_control: the same robot as ours, in stock tasks, by stock checks."""

import mujoco
import numpy as np
import pytest

pytest.importorskip("dm_control", reason="needs the extra `dm`")

from absl.testing import absltest
from dm_control import mjcf
from dm_control.composer.observation.observable import base as observable_base
from dm_control.locomotion import soccer
from dm_control.viewer import runtime
from dm_env import test_utils

from robot.contracts.field import FieldSpec
from robot.contracts.joints import JOINT_NAMES, OP3_JOINTS
from sim.actuators import IdentifiedServo, Xm430Servo
from sim.arena import ArenaConfig, RobotPlace, build_arena, match_arena
from sim.dm_soccer import ClearKickOff, soccer_environment
from sim.dm_walker import Op3Walker, walk_environment
from sim.robot_model import RobotModelConfig, load_op3

STAND_RAD = np.array([joint.stand_rad for joint in OP3_JOINTS])
OBSERVABLE_SHAPES = {
    "joints_pos": (20,),
    "joints_vel": (20,),
    "prev_action": (20,),
    "sensors_gyro": (3,),
    "sensors_accelerometer": (3,),
    "sensors_velocimeter": (3,),
    "sensors_touch": (2,),
    "world_zaxis": (3,),
    # Two forearms and two feet.
    "end_effectors_pos": (12,),
    "body_height": (),
    "position": (3,),
    "orientation": (9,),
}


@pytest.fixture(scope="module")
def walking():
    environment = walk_environment(random_state=0)
    environment.reset()
    yield environment
    environment.close()


@pytest.fixture(scope="module")
def playing():
    environment = soccer_environment(random_state=0)
    environment.reset()
    yield environment
    environment.close()


def walker_of(environment) -> Op3Walker:
    return environment.task._walker


def stand(environment) -> None:
    """A new episode with all robots upright in a row and the ball far from them."""
    environment.reset()
    with environment.physics.reset_context():
        environment.task.ball.set_pose(environment.physics, [-2.0, -1.5, 0.0])
        for index, player in enumerate(environment.task.players):
            player.walker.reinitialize_pose(environment.physics, None)
            player.walker.shift_pose(environment.physics, position=[0, 1.5 * index, 0])


# The walker.


def test_an_unattached_walker_compiles_and_steps():
    physics = mjcf.Physics.from_mjcf_model(Op3Walker().mjcf_model)
    for _ in range(100):
        physics.step()
    assert np.isfinite(physics.data.qpos).all()


@pytest.mark.parametrize(
    "config",
    [
        RobotModelConfig(),
        RobotModelConfig(actuator=IdentifiedServo(torque_limit_nm=2.5)),
        RobotModelConfig(actuator=Xm430Servo()),
        RobotModelConfig(contacts="feet"),
    ],
    ids=["default", "weak", "xm430", "feet"],
)
def test_the_compiled_robot_has_the_numbers_of_our_own_model(config):
    physics = mjcf.Physics.from_mjcf_model(Op3Walker(model=config).mjcf_model)
    ours, theirs = load_op3(config).compile(), physics.model.ptr

    def assert_equal(kind, name, fields):
        mine, other = getattr(ours, kind)(name), getattr(theirs, kind)(name)
        for field in fields:
            np.testing.assert_allclose(
                getattr(other, field),
                getattr(mine, field),
                # The model travels as XML with six digits.
                rtol=1e-5,
                atol=1e-9,
                err_msg=f"{kind} {name} {field}",
            )

    for joint in JOINT_NAMES:
        assert_equal("joint", joint, ("range", "axis", "pos"))
        assert_equal("joint", joint, ("damping", "armature", "frictionloss"))
        mine, other = ours.joint(joint).dofadr, theirs.joint(joint).dofadr
        np.testing.assert_allclose(
            theirs.dof_dampingpoly[other], ours.dof_dampingpoly[mine], rtol=1e-5
        )
        assert_equal("actuator", f"{joint}_act", ("gainprm", "biasprm", "gear"))
        assert_equal("actuator", f"{joint}_act", ("ctrlrange", "forcerange"))
        mine, other = (
            ours.actuator(f"{joint}_act").id,
            theirs.actuator(f"{joint}_act").id,
        )
        assert theirs.actuator_delay[other] == ours.actuator_delay[mine]
    for index in range(1, ours.nbody):
        assert_equal("body", ours.body(index).name, ("mass", "inertia", "ipos"))
    for index in range(ours.ngeom):
        name = ours.geom(index).name
        assert_equal("geom", name, ("friction", "solref", "solimp", "condim"))
        assert_equal("geom", name, ("size", "pos", "contype", "conaffinity"))
    for index in range(ours.nsite):
        assert_equal("site", ours.site(index).name, ("pos", "size"))


def test_the_default_walker_has_the_papers_torque_limit_and_gain():
    physics = mjcf.Physics.from_mjcf_model(Op3Walker().mjcf_model)
    knee = physics.model.actuator("l_knee_act")
    np.testing.assert_allclose(knee.forcerange, [-4.1, 4.1])
    assert knee.gainprm[0] == pytest.approx(21.1)


def test_action_bounds_are_table_s1_in_servo_order():
    spec = Op3Walker().action_spec
    assert spec.name.split("\t") == [f"{name}_act" for name in JOINT_NAMES]
    np.testing.assert_array_equal(spec.minimum, [j.min_rad for j in OP3_JOINTS])
    np.testing.assert_array_equal(spec.maximum, [j.max_rad for j in OP3_JOINTS])
    # Servo 14, the left knee: -0.2 to 2.2 rad.
    assert (spec.minimum[13], spec.maximum[13]) == (-0.2, 2.2)


@pytest.mark.parametrize("name", ["observable_joints", "mocap_joints"])
def test_joints_are_in_servo_order(name):
    assert [joint.name for joint in getattr(Op3Walker(), name)] == list(JOINT_NAMES)


def test_named_parts_are_mjcf_elements():
    walker = Op3Walker(name="fred", marker_rgba=(1.0, 0.0, 1.0, 1.0))
    assert walker.mjcf_model.model == "fred"
    assert walker.root_body.name == "body_link"
    assert walker.egocentric_camera.name == "egocentric"
    assert [geom.name for geom in walker.ground_contact_geoms] == [
        "right_sole_long",
        "right_sole_wide",
        "left_sole_long",
        "left_sole_wide",
    ]
    for geom in walker.marker_geoms:
        np.testing.assert_array_equal(geom.rgba, (1.0, 0.0, 1.0, 1.0))
    for element in (*walker.end_effectors, *walker.actuators):
        assert isinstance(element, mjcf.Element)


def test_a_filter_outside_zero_to_one_is_refused():
    with pytest.raises(ValueError, match="filter_keep: expected 0 <= value < 1, found"):
        Op3Walker(filter_keep=1.0)


def test_the_upright_pose_is_the_stand_with_a_sole_edge_on_the_floor(walking):
    walker, physics = walker_of(walking), walking.physics
    with physics.reset_context():
        walker.reinitialize_pose(physics, np.random.RandomState(0))
    np.testing.assert_allclose(
        physics.bind(walker.observable_joints).qpos, STAND_RAD, atol=1e-12
    )
    # Corners of the sole boxes, from our own reading of MuJoCo's frames.
    corners = np.stack(np.meshgrid(*[(-1, 1)] * 3), axis=-1).reshape(-1, 3)
    soles = physics.bind(walker.ground_contact_geoms)
    heights = [
        (place + (corners * size) @ np.reshape(turn, (3, 3)).T)[:, 2].min()
        for place, turn, size in zip(soles.xpos, soles.xmat, soles.size, strict=True)
    ]
    assert min(heights) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("name", "shape"), OBSERVABLE_SHAPES.items())
def test_observables_are_finite_and_have_their_shape(walking, name, shape):
    value = getattr(walker_of(walking).observables, name)(walking.physics)
    assert np.shape(value) == shape
    assert np.isfinite(value).all()


def test_observable_groups_hold_observables():
    walker = Op3Walker()
    observables = walker.observables
    for group in ("proprioception", "kinematic_sensors", "dynamic_sensors"):
        assert getattr(observables, group)
        for item in getattr(observables, group):
            assert isinstance(item, observable_base.Observable)


def test_the_head_camera_sees_more_than_one_colour(walking):
    camera = walker_of(walking).observables.egocentric_camera
    image = camera(walking.physics)
    assert image.shape == (30, 40, 3)
    assert image.std() > 5


def test_gravity_and_touch_are_those_of_a_standing_robot(playing):
    walker = playing.task.players[0].walker
    stand(playing)
    for _ in range(30):
        playing.step([STAND_RAD, STAND_RAD])
    observe = walker.observables.as_dict(fully_qualified=False)
    physics = playing.physics
    np.testing.assert_allclose(observe["world_zaxis"](physics), [0, 0, 1], atol=0.05)
    assert observe["sensors_accelerometer"](physics)[2] == pytest.approx(9.81, abs=0.1)
    # The two soles carry the robot: 3.147 kg x 9.81 m/s^2 = 30.9 N.
    touch = physics.bind(walker.touch_sensors).sensordata
    assert np.sum(touch) == pytest.approx(30.9, abs=0.5)
    assert walker.aliveness(physics) == pytest.approx(0.0, abs=0.002)


def test_targets_are_clipped_and_filtered_as_on_the_robot(walking):
    walker, physics = walker_of(walking), walking.physics
    walker.configure_joints(physics, walker.upright_pose.qpos)
    np.testing.assert_allclose(walker.prev_action, STAND_RAD)
    walker.apply_action(physics, np.full(20, 9.0), None)
    # Left knee: stand 1.2, limit 2.2, keep 0.8: 0.8 * 1.2 + 0.2 * 2.2 = 1.4 rad.
    assert walker.prev_action[13] == pytest.approx(1.4)
    np.testing.assert_allclose(
        physics.bind(walker.actuators).ctrl, walker.prev_action, atol=1e-12
    )


def test_it_moves_as_in_our_own_arena():
    """Oracle: the same targets in `sim.arena`; apart by rounding, not by physics."""
    place = RobotPlace(name="walker")
    arena = build_arena(ArenaConfig(robots=(place,), field=None, ball=False))
    data, robot = mujoco.MjData(arena.model), arena.robots[0]
    environment = walk_environment(random_state=0)
    environment.reset()
    walker, physics = walker_of(environment), environment.physics
    with physics.reset_context():
        walker.reinitialize_pose(physics, None)
    height = walker.upright_pose.xpos[2]
    data.qpos[robot.root_qpos] = [0, 0, height, 1, 0, 0, 0]
    data.qpos[robot.joint_qpos] = STAND_RAD
    sent = STAND_RAD
    for tick in range(40):
        wanted = STAND_RAD + 0.1 * np.sin(0.3 * tick)
        low, high = walker.action_spec.minimum, walker.action_spec.maximum
        sent = 0.8 * sent + 0.2 * np.clip(wanted, low, high)
        data.ctrl[robot.actuators] = sent
        mujoco.mj_step(arena.model, data, 5)
        environment.step(wanted)
    theirs = physics.bind(walker.observable_joints).qpos
    np.testing.assert_allclose(theirs, data.qpos[robot.joint_qpos], atol=2e-4)
    position, _ = walker.get_pose(physics)
    np.testing.assert_allclose(position, data.qpos[robot.root_qpos[:3]], atol=5e-4)
    # And it did move: 0.1 rad, kept for whole seconds, arrives in the arms.
    assert np.abs(np.asarray(theirs) - STAND_RAD).max() > 0.03
    environment.close()


# The stock walking task.


def test_it_stands_for_three_seconds_in_the_walking_task(walking):
    walking.reset()
    for _ in range(120):
        step = walking.step(STAND_RAD)
    assert not step.last()
    up_z = walking.physics.bind(walker_of(walking).root_body).xmat[8]
    assert up_z > 0.99


def test_lying_down_ends_the_walking_task(walking):
    walking.reset()
    physics, walker = walking.physics, walker_of(walking)
    with physics.reset_context():
        # Face down: pitched by 90 degrees, a hand's breadth above the floor.
        walker.set_pose(physics, [0, 0, 0.15], [np.sqrt(0.5), 0, np.sqrt(0.5), 0])
    for _ in range(40):
        step = walking.step(STAND_RAD)
        if step.last():
            break
    assert step.last()
    assert step.discount == 0.0


class WalkEnvironmentTest(test_utils.EnvironmentTestMixin, absltest.TestCase):
    def make_object_under_test(self):
        # 10 steps: shorter than the mixin's 20, so that an episode's end is checked.
        return walk_environment(time_limit_s=0.25, random_state=0)


# The stock soccer task.


class SoccerEnvironmentTest(test_utils.EnvironmentTestMixin, absltest.TestCase):
    def make_object_under_test(self):
        return soccer_environment(time_limit_s=0.25, random_state=0)


def put_ball(environment, x: float, y: float) -> None:
    with environment.physics.reset_context():
        environment.task.ball.set_pose(environment.physics, [x, y, 0.0])
        environment.task.ball.set_velocity(environment.physics, np.zeros(3))


def test_two_robots_of_a_team_make_four_players():
    environment = soccer_environment(2, random_state=0)
    step = environment.reset()
    assert len(step.observation) == len(environment.action_spec()) == 4
    assert "teammate_0_ego_position" in step.observation[0]
    assert "opponent_1_ego_position" in step.observation[0]
    names = [p.walker.mjcf_model.model for p in environment.task.players]
    assert names == ["home0", "home1", "away0", "away1"]
    environment.close()


def test_a_team_size_of_zero_is_refused():
    with pytest.raises(ValueError, match="expected 1 to 11 robots per team, found 0"):
        soccer_environment(0)


@pytest.mark.parametrize(
    ("x", "home", "away"), [(2.7, 1.0, -1.0), (-2.7, -1.0, 1.0)], ids=["home", "away"]
)
def test_a_ball_in_the_goal_scores_and_ends_the_episode(playing, x, home, away):
    playing.reset()
    put_ball(playing, x, 0.1)
    step = playing.step([STAND_RAD, STAND_RAD])
    assert [float(reward) for reward in step.reward] == [home, away]
    assert step.last()
    assert step.discount == 0.0


def test_a_ball_just_before_the_line_or_beside_the_post_is_no_goal(playing):
    playing.reset()
    for x, y in ((2.4, 0.0), (2.4, 0.55)):
        put_ball(playing, x, y)
        step = playing.step([STAND_RAD, STAND_RAD])
        assert [float(reward) for reward in step.reward] == [0.0, 0.0]
        assert not step.last()


def test_the_ball_stays_on_the_pitch_without_a_throw_in(playing):
    playing.reset()
    put_ball(playing, 0.0, 1.7)
    playing.task.ball.set_velocity(playing.physics, [0.0, 2.0, 0.0])
    for _ in range(40):
        playing.step([STAND_RAD, STAND_RAD])
        y, z = playing.physics.bind(playing.task.ball.geom).xpos[1:]
        assert y < 2.0
        assert z < 0.2


def test_others_and_ball_are_seen_from_the_torso(playing):
    """Home at (0.5, 0) looks along +y; away stands 1 m ahead and looks along +x."""
    playing.reset()
    physics = playing.physics
    home, away = (player.walker for player in playing.task.players)
    half = np.sqrt(0.5)
    with physics.reset_context():
        for walker in (home, away):
            walker.reinitialize_pose(physics, None)
        height = home.upright_pose.xpos[2]
        home.set_pose(physics, [0.5, 0, height], [half, 0, 0, half])
        away.set_pose(physics, [0.5, 1, height], [1, 0, 0, 0])
        playing.task.ball.set_pose(physics, [0.3, 0.4, 0])
    seen = {
        name: np.asarray(item(physics))
        for name, item in home.observables.as_dict(fully_qualified=False).items()
        if "ego_" in name or "goal" in name
    }
    np.testing.assert_allclose(seen["opponent_0_ego_position"], [1, 0, 0], atol=1e-9)
    # 0.4 m ahead, 0.5 - 0.3 = 0.2 m to the left, centre 0.07 m above the floor.
    np.testing.assert_allclose(
        seen["ball_ego_position"], [0.4, 0.2, 0.07 - height], atol=1e-9
    )
    # Away's x axis points to home's right, its y axis ahead, its z axis up.
    np.testing.assert_allclose(
        seen["opponent_0_ego_orientation"], [0, -1, 0, 1, 0, 0, 0, 0, 1], atol=1e-9
    )
    # Middle of the away goal: x = 2.5 + 0.4 / 2 = 2.7, so 2.2 m to the right.
    np.testing.assert_allclose(seen["opponent_goal_mid"][:2], [0, -2.2], atol=1e-9)


def test_ball_and_solver_are_those_of_our_own_arena(playing):
    ours, theirs = match_arena().model, playing.physics.model.ptr
    for field in ("timestep", "integrator", "cone", "iterations", "ls_iterations"):
        assert getattr(theirs.opt, field) == getattr(ours.opt, field), field
    assert theirs.opt.noslip_iterations == ours.opt.noslip_iterations
    np.testing.assert_array_equal(
        theirs.geom("ground").friction, ours.geom("floor").friction
    )
    ball = theirs.geom("soccer_ball/geom")
    for field in ("size", "friction", "solref", "solimp", "condim", "priority"):
        np.testing.assert_allclose(
            getattr(ball, field), getattr(ours.geom("ball"), field), err_msg=field
        )
    assert theirs.body("soccer_ball/").mass[0] == pytest.approx(0.20)
    # A thin shell: 2/3 m r^2 = 2/3 * 0.2 * 0.07^2 = 6.53e-4 kg m^2.
    np.testing.assert_allclose(theirs.body("soccer_ball/").inertia, 6.533e-4, rtol=1e-3)
    assert playing.control_timestep() == 0.025


def test_goal_mouth_and_pitch_have_the_size_of_the_field_spec(playing):
    field, model = FieldSpec(), playing.physics.model.ptr
    data = playing.physics.data.ptr
    right, left = (
        data.geom(f"away_goal/{side}_post").xpos for side in ("right", "left")
    )
    radius = model.geom("away_goal/left_post").size[0]
    gap = abs(left[1] - right[1]) - 2 * radius
    assert gap == pytest.approx(field.goal_width_m, abs=1e-6)
    bar = data.geom("away_goal/top_post").xpos[2] - radius
    assert bar == pytest.approx(field.goal_height_m, abs=1e-6)
    np.testing.assert_allclose(playing.task.arena.field.upper, [2.5, 2.0])
    np.testing.assert_allclose(playing.task.arena.away_goal.lower[0], 2.5)


def test_kick_off_never_puts_the_ball_into_a_robot(playing):
    """Within 0.43 m x 0.36 m dm_control's own initializer does so again and again."""
    physics, task = playing.physics, playing.task
    ball = physics.bind(task.ball.geom).element_id
    robots = {
        geom
        for player in task.players
        for geom in physics.bind(player.walker.mjcf_model.find_all("geom")).element_id
    }

    def overlaps(initializer) -> int:
        rng = np.random.RandomState(1)
        found = 0
        for _ in range(15):
            initializer(task, physics, rng)
            pairs = [{c.geom1, c.geom2} for c in physics.data.contact]
            found += any(ball in pair and pair & robots for pair in pairs)
        return found

    assert overlaps(soccer.UniformInitializer(0.15, 0.0)) > 0
    assert overlaps(ClearKickOff(0.15, 0.0)) == 0


def test_play_goes_on_after_a_goal_when_asked_to():
    environment = soccer_environment(terminate_on_goal=False, random_state=0)
    environment.reset()
    put_ball(environment, 2.7, 0.0)
    step = environment.step([STAND_RAD, STAND_RAD])
    assert float(step.reward[0]) == 1.0
    assert not step.last()
    ball = environment.physics.bind(environment.task.ball.geom).xpos
    # Back within 0.6 of the arena's half length of 2.5 + 0.4 m.
    assert abs(ball[0]) < 1.74
    environment.close()


@pytest.mark.parametrize("environment_loader", [walk_environment, soccer_environment])
def test_the_viewer_can_run_a_loader_without_arguments(environment_loader):
    shown = runtime.Runtime(environment=environment_loader(), policy=None)
    shown.tick(0.1, False)
    shown.tick(0.1, False)
    assert shown.get_time() >= 0.1
