# Lints the R code, its tests and its part of the benchmark; status 1 when there is something to say.
lints <- do.call(c, lapply(c("r", "tests/testthat", "bench"), lintr::lint_dir, pattern = "[.]R$"))
found <- length(lints) > 0
if (found) print(lints)
quit(status = as.integer(found))
