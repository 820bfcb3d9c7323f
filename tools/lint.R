# Lints the R code, its tests and its parts of benchmark and fuzzer; status 1 when there is something
# to say.
folders <- c("r", "tests/testthat", "tests/fuzz", "bench")
lints <- do.call(c, lapply(folders, lintr::lint_dir, pattern = "[.]R$"))
found <- length(lints) > 0
if (found) print(lints)
quit(status = as.integer(found))
