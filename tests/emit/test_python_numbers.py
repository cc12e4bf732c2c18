"""What hangs on literals and on the model alone is numbers of Python in generated code, and means what arrays would."""

from __future__ import annotations

import numpy as np

from tests.task.runs import noise, run, text

SEEN = {
    "not (dt <= 0.1 s)": 0,
    "not (dt > 0.1 s)": 1,
    "not (pole.mass < 1000 kg) or dt == 50 ms": 1,
    "not (hinge.upper < 1 rad)": 1,
    "number(not (dt / (1 s) is 0 .. 1))": 0,
    "recently(not (dt <= 0.1 s), 100 ms)": 0,
    "sum(number(latch(dt <= 0.1 s)) * (1, 2, 3))": 6,
}


def test_conditions_of_literals_are_conditions() -> None:
    lines = "".join(f"  s{i} = {line}\n" for i, line in enumerate(SEEN))
    lines += "  steps = count(dt <= 0.1 s)\n  held = timer(not (dt > 0.1 s))\n"
    head = {"more": "observe critic {\n" + lines + "}\n"}
    source = text(**head).replace("hang   =", 'pole   = body("pole")\n  hang   =')
    shown = np.array([s.obs["critic"] for s in run(source, noise(3, 1)).shown])
    np.testing.assert_allclose(
        shown[..., : len(SEEN)], np.broadcast_to(list(SEEN.values()), (*shown.shape[:2], len(SEEN)))
    )
    np.testing.assert_allclose(shown[:, 0, -2:], [[1, 0], [2, 0.05], [3, 0.1], [4, 0.15]], rtol=1e-5)


def test_a_number_of_the_model_that_is_zero_divides_as_an_array_would() -> None:
    source = text(more="observe critic {\n  q = tanh(1 kg / world_mass)\n  p = tanh(-1 rad / hinge.upper)\n}\n")
    source = source.replace("hang   =", 'ground = body("weightless")\n  hang   =').replace("world_mass", "ground.mass")
    robot = source.split('robot "')[1].split('"')[0]
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        body = '<body name="weightless"><site name="weightless"/></body></worldbody>'
        path = Path(folder) / "cartpole.xml"
        path.write_text(Path(robot).read_text(encoding="utf-8").replace("</worldbody>", body), encoding="utf-8")
        shown = run(source.replace(robot, str(path)), noise(1, 1)).shown[0].obs["critic"]
    np.testing.assert_allclose(np.ravel(shown), [1, 0], atol=1e-6)
