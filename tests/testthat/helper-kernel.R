# Runs code without the kernel, in R's own loops.
without_kernel <- function(code) {
  old <- Sys.getenv("TWINPROP_KERNEL", NA)
  on.exit(if (is.na(old)) Sys.unsetenv("TWINPROP_KERNEL") else Sys.setenv(TWINPROP_KERNEL = old))
  Sys.setenv(TWINPROP_KERNEL = "off")
  force(code)
}

# Where all engines are required the kernel may not be missing.
skip_without_kernel <- function() {
  required <- "r" %in% strsplit(Sys.getenv("TWINPROP_REQUIRE"), ",", fixed = TRUE)[[1L]]
  if (!required) skip_if_not(tp_kernel_available(), "the kernel was not compiled")
  expect_true(tp_kernel_available())
}

# Runs code with another value under one of the package's names.
with_binding <- function(name, value, code) {
  namespace <- asNamespace("twinprop")
  old <- get(name, namespace)
  put <- function(value) {
    unlockBinding(name, namespace)
    assign(name, value, namespace)
    lockBinding(name, namespace)
  }
  on.exit(put(old))
  put(value)
  force(code)
}
