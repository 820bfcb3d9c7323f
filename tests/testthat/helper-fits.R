# Data and fits that several tests share. Fits are short: tests are about the door, not the numbers.

penguins <- function() {
  frame <- tp_dataset("penguins")
  as.data.frame(lapply(frame, identity), stringsAsFactors = TRUE)
}

# A fit that need not converge.
quick <- function(...) {
  call <- match.call()
  call[[1L]] <- quote(twinprop)
  if (is.null(call$epochs)) call$epochs <- 30
  call$seed <- 1
  withCallingHandlers(
    eval(call, parent.frame()),
    twinprop_warning = function(w) {
      if (grepl("not converged", conditionMessage(w))) invokeRestart("muffleWarning")
    }
  )
}

# What a network that is fed by hand gives: x is not scaled.
by_hand <- function(fit, x) {
  if (!is.null(fit$inputs$center)) x <- scale(x, fit$inputs$center, fit$inputs$scale)
  a <- predict(fit$network, matrix(as.numeric(x), nrow(x)))
  if (is.null(fit$outputs$center)) {
    return(a)
  }
  sweep(sweep(a, 2, fit$outputs$scale, "*"), 2, fit$outputs$center, "+")
}

# lubridate, which caret and recipes load, asks R for the time zone, and where no service of the
# system tells it R warns.
if (!nzchar(Sys.getenv("TZ"))) Sys.setenv(TZ = "UTC")

# A test needs a package that need not be there.
need <- function(package) skip_if_not_installed(package)
