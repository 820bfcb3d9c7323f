three_by_three <- utils::read.csv("three_by_three.csv")
