"""Pages (HTML) for people: the day report and the data dictionary. One file each, nothing loaded from anywhere, Chinese and English."""
