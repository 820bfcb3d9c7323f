library(testthat)
library(twinprop)

test_check("twinprop")
