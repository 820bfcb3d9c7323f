xor <- utils::read.csv("xor.csv")
