# The page in the browser, with one's own network. Twin: python/twinprop/play.py
#
# The page itself is JavaScript's. With a network and data it is one file (page_file.R) and needs no
# server, which R does not have.

#' The page: watch the errors of a network flow back
#'
#' `tp_play()` opens the page with a network and its data, in RStudio's viewer, else in the browser.
#' `tp_to_html()` writes it as one file, which a browser opens as it is, without a server. The file
#' holds the page, the network and the data, and connects to no one, but for p5.js, which draws the
#' pictures: if no copy is at hand the page loads it from cdn.jsdelivr.net, by its version and its
#' checksum. The data sets are not in it. Nothing of the data leaves the machine.
#'
#' @param network A network made by [tp_network()], a model, a fit made by [twinprop()] or a run.
#'   Its weights are the start. A run brings its settings along. Without it the page opens with a
#'   new network for the data set xor.
#' @param x,d Samples and desired outputs; with a model the raw data, as it takes them, of which `d`
#'   may be a part if it was fitted by a formula. At most 2000 rows and 200000 numbers, of a network
#'   of at most 100000 parameters.
#' @param path Where to, usually `NAME.html`.
#' @param cost By default that of the run or of the model's training, else cross_entropy for
#'   softmax, classes and labels and half_mse for anything else.
#' @param p5 A copy of p5.min.js to put into the file, a path; by default the one beside the page,
#'   in the package's folder js/sketch, if there is one.
#' @return The path of the file, invisibly; that of `tp_play()` is temporary.
#' @section Errors: `twinprop_input_error` if an argument is not as described, the page cannot train
#'   by a run's settings, or the file cannot be written.
#' @section Warnings: a condition of class `twinprop_warning` if there is no browser to open.
#' @examples
#' path <- tempfile(fileext = ".html")
#' x <- rbind(c(0, 0), c(0, 1), c(1, 0), c(1, 1))
#' tp_to_html(tp_network(c(2, 4, 1)), x, c(0, 1, 1, 0), path)
#' readLines(path, 1)
#' unlink(path)
#' if (interactive()) tp_play(tp_network(c(2, 4, 1)), x, c(0, 1, 1, 0))
#' @export
tp_play <- function(network = NULL, x = NULL, d = NULL, cost = NULL, p5 = NULL) {
  if (is.null(network)) {
    if (!is.null(x) || !is.null(d)) {
      input_error("network must be there where x and d are, got null")
    }
    network <- tp_network(c(2, 4, 1))
    xor <- dataset_plan_data("xor")
    x <- xor$x
    d <- xor$d
  }
  folder <- tempfile("twinprop-")
  dir.create(folder)
  path <- file.path(folder, "page.html")
  tp_to_html(network, x, d, path, cost, p5)
  # of files in a session's temporary folder RStudio's viewer shows pages
  viewer <- getOption("viewer")
  if (is.function(viewer)) viewer(path) else open_browser(paste0("file://", path))
  invisible(path)
}

open_browser <- function(url) {
  tryCatch(
    utils::browseURL(url),
    error = function(e) give_warning("there is no browser to open; the page is at ", url)
  )
}

#' @rdname tp_play
#' @export
tp_to_html <- function(network, x, d = NULL, path, cost = NULL, p5 = NULL) {
  if (!is_string(path)) input_error("path must be a path, got ", describe(path))
  p5 <- read_p5(p5)
  text <- page_html(page_data(network, x, d, cost), p5)
  write_whole(path, sub("\n$", "", text))
  invisible(path)
}
