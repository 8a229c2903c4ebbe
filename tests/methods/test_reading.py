"""Three named steps: what each does, and what it must not hide."""

import torch

import seewhy


def test_relu_keeps_evidence_for() -> None:
    assert seewhy.relu(torch.tensor([[-1.0, 2.0]])).tolist() == [[0.0, 2.0]]


def test_normalise_keeps_zero_and_sign() -> None:
    assert seewhy.normalise(torch.tensor([[-4.0, 0.0], [1.0, 2.0]])).tolist() == [[-1.0, 0.0], [0.25, 0.5]]


def test_normalise_by_one_scale() -> None:
    assert seewhy.normalise(torch.tensor([[1.0, 2.0]]), by=4.0).tolist() == [[0.25, 0.5]]


def test_a_map_without_evidence_reads_as_none() -> None:
    maps = torch.stack([torch.zeros(2, 2), torch.full((2, 2), torch.nan), torch.ones(2, 2)])
    read = seewhy.normalise(maps)
    assert read[:2].isnan().all()
    assert (read[2] == 1).all()


def test_upsample_keeps_leading_axes_and_constants() -> None:
    maps = torch.full((2, 3, 7, 7), 0.3)
    assert seewhy.upsample(maps, (224, 200)).shape == (2, 3, 224, 200)
    torch.testing.assert_close(seewhy.upsample(maps, (14, 14)), torch.full((2, 3, 14, 14), 0.3))


def test_upsample_puts_a_cell_where_it_is() -> None:
    one = torch.zeros(1, 4, 4)
    one[0, 1, 2] = 1
    peak = seewhy.upsample(one, (64, 64))[0].argmax().item()
    assert (peak // 64 // 16, peak % 64 // 16) == (1, 2)
