linnerud <- utils::read.csv("linnerud.csv")
