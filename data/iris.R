iris <- within(utils::read.csv("iris.csv"), Species <- factor(Species, levels = c("setosa", "versicolor", "virginica")))
