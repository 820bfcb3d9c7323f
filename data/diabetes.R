diabetes <- utils::read.csv("diabetes.csv")
