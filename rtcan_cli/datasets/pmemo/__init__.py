"""PMEmo: the editions of 2018 and 2019, as folders or zip files."""
