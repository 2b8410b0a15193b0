"""HKU956: 30 listeners with a wristband, as a folder or zip file."""
