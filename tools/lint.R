# Lints the R code and its tests; status 1 when there is something to say.
lints <- do.call(c, lapply(c("r", "tests/testthat"), lintr::lint_dir, pattern = "[.]R$"))
found <- length(lints) > 0
if (found) print(lints)
quit(status = as.integer(found))
