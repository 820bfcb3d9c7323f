# R's random numbers. Twins: python/twinprop/random.py, inst/js/random.js
#
# R is the source of the numbers (section 5 of the contract), so this is its own generator. What the
# twins get for free takes care here: the user's stream must not notice.

#' A stream of uniform random numbers that leaves yours alone
#'
#' One seed gives the same numbers in R, Python and JavaScript: those of
#' `set.seed(seed, "Mersenne-Twister", "Inversion", "Rejection")` and `runif(n)`. The stream keeps a
#' state of its own: `.Random.seed` and [RNGkind()] are the same after a draw as before it.
#'
#' @param seed An integer from -2147483647 to 2147483647.
#' @return A list of two functions: `uniform(n)` draws the next `n` numbers of U(0, 1); `order(n)`
#'   draws a random order of `n` rows, `order(uniform(n))`.
#' @section Errors: `twinprop_input_error` if the seed is not such an integer.
#' @references Matsumoto, M. and Nishimura, T. (1998). Mersenne Twister: a 623-dimensionally
#'   equidistributed uniform pseudo-random number generator. *ACM Transactions on Modeling and
#'   Computer Simulation* 8.
#' @examples
#' stream <- tp_random_stream(42)
#' stream$uniform(2)
#' set.seed(42)
#' runif(2)
#' stream$order(5)
#' @export
tp_random_stream <- function(seed) {
  seed <- check_seed(seed)
  state <- NULL

  uniform <- function(n) {
    n <- check_integer(n, "n", 0)
    on.exit(restore_user_random(user))
    user <- user_random()
    if (is.null(state)) {
      set.seed(seed, "Mersenne-Twister", "Inversion", "Rejection")
    } else {
      assign(".Random.seed", state, envir = globalenv())
    }
    u <- stats::runif(n)
    state <<- get(".Random.seed", envir = globalenv(), inherits = FALSE)
    u
  }

  list(uniform = uniform, order = function(n) order(uniform(n)))
}

# The user's generator: its kinds and its state, NULL if nothing was drawn in this session yet.
user_random <- function() {
  list(
    kind = RNGkind(),
    state = get0(".Random.seed", envir = globalenv(), inherits = FALSE)
  )
}

restore_user_random <- function(user) {
  if (!is.null(user$state)) {
    # the state's first number holds the kinds
    assign(".Random.seed", user$state, envir = globalenv())
    return(invisible())
  }
  # sample.kind "Rounding" comes with a warning that is not about what is done here
  suppressWarnings(RNGkind(user$kind[1L], user$kind[2L], user$kind[3L]))
  rm(".Random.seed", envir = globalenv())
}
