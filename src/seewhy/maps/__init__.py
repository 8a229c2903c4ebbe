"""Attribution maps of a study: computed once for every image, stored, read back."""
