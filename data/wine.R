wine <- within(utils::read.csv("wine.csv"), class <- factor(class, levels = c("class_0", "class_1", "class_2")))
