# How training goes, for the eye. Twin: python/twinprop/progress.py

# Where there is no bar, a training of more epochs than this gives a line every so often.
most_lines <- 20

# A list of two functions: `epoch(epoch, cost)` after each epoch, `close()` at the end.
progress_reporter <- function(progress, epochs) {
  if (!progress || epochs == 0) {
    return(list(epoch = function(epoch, cost) NULL, close = function() NULL))
  }
  if (isatty(stderr()) && requireNamespace("cli", quietly = TRUE)) {
    bar_reporter(epochs)
  } else {
    line_reporter(epochs)
  }
}

bar_reporter <- function(epochs) {
  bar <- cli::cli_progress_bar(
    total = epochs, extra = list(cost = ""), clear = FALSE, .auto_close = FALSE,
    format = paste(
      "{cli::pb_bar} epoch {cli::pb_current} of {cli::pb_total} |",
      "cost {cli::pb_extra$cost} | {cli::pb_eta_str}"
    )
  )
  list(
    epoch = function(epoch, cost) {
      cli::cli_progress_update(
        set = epoch, extra = list(cost = sprintf("%.6g", cost)), id = bar
      )
    },
    close = function() cli::cli_progress_done(id = bar)
  )
}

line_reporter <- function(epochs) {
  every <- ceiling(epochs / most_lines)
  list(
    epoch = function(epoch, cost) {
      if (epoch %% every == 0 || epoch == epochs) {
        message(sprintf("epoch %.0f/%.0f cost %.6g", epoch, epochs, cost))
      }
    },
    close = function() NULL
  )
}
