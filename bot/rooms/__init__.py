"""Floor 4: room services, one file each, behind the one door of `base`."""
