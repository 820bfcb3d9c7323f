digits <- within(utils::read.csv("digits.csv"), digit <- factor(digit, levels = 0:9))
