"""Names of folders and files that say what is in them: images, masks, or marks."""

import re

IMAGES = ("images", "image", "imgs", "img", "photos", "pictures", "jpegimages", "inputs", "input", "rgb", "original")
MASKS = (
    *("masks", "mask", "labels", "label", "annotations", "annotation", "annot", "annots", "gt", "ground_truth"),
    *("groundtruth", "segmentation", "segmentations", "segmentationclass", "seg", "segs", "targets", "target"),
    *("trimaps", "mask_images", "manual", "1st_manual", "labelcol", "labels_colored"),
)


def role_of(name: str) -> str | None:
    """ "images" or "masks" for a folder that is named after what is in it.

    >>> role_of("Images"), role_of("test_labels"), role_of("cats")
    ('images', 'masks', None)
    """
    low = name.lower()
    if low in IMAGES:
        return "images"
    if low in MASKS or re.search(r"[_\-](labels?|masks?|gt|ground_?truth|annot|annotations?)$|annot$", low):
        return "masks"
    return None


def without_role(name: str) -> str:
    """A folder's name without what says its role: "test_labels" -> "test", "masks" -> ""."""
    low = name.lower()
    if low in IMAGES or low in MASKS:
        return ""
    return re.sub(r"[_\-]?(images?|imgs|inputs?|labels?|masks?|gt|ground_?truth|annot|annotations?)$", "", low)


def mask_stem(stem: str) -> str | None:
    """The stem of the image that a mask of that stem is for; None where the stem does not say that it is a mask.

    >>> mask_stem("0001TP_008550_L"), mask_stem("cat-mask"), mask_stem("cat")
    ('0001TP_008550', 'cat', None)
    """
    found = re.search(
        r"[_\-. ](?:[lL]|labels?|masks?|gt|ground_?truth|seg|segmentation|annot|annotations?|labelIds|trimap)$", stem
    )
    return stem[: found.start()] if found else None
