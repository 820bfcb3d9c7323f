# The explained steps of tests/cases/explain (see tests/cases/README.md), row by row.
# Twin: tests/python/test_explain.py

table_columns <- c("stage", "sample", "layer", "from", "to", "symbol", "value")

test_that("there are explained steps to replay", {
  expect_gt(length(case_paths("explain")), 40L)
})

# A case's rows as a data frame; null is NA.
expected_table <- function(rows) {
  column <- function(at, type) {
    vapply(rows, function(row) if (is.null(row[[at]])) type(NA) else type(row[[at]]), type(0))
  }
  types <- list(
    as.character, as.integer, as.integer, as.integer, as.integer, as.character, as.double
  )
  columns <- Map(column, seq_along(types), types)
  as.data.frame(stats::setNames(columns, table_columns), stringsAsFactors = FALSE)
}

# The group of each row: the same stage, layer and letters.
row_groups <- function(table) {
  paste(table$stage, table$layer, sub("[[_^].*", "", table$symbol))
}

# The size of each row's group. An error is a small difference of activations, the change one of
# costs.
row_sizes <- function(table) {
  sizes <- stats::ave(abs(table$value), row_groups(table), FUN = max)
  largest <- function(stage) max(abs(table$value[table$stage == stage]))
  errors <- grepl("error", table$stage, fixed = TRUE)
  sizes[errors] <- pmax(sizes[errors], largest("activation"))
  change <- table$stage == "change"
  sizes[change] <- pmax(sizes[change], largest("cost"))
  sizes
}

for (path in case_paths("explain")) {
  local({
    case <- read_json(path)
    test_that(paste("explained step", case$name), {
      want <- expected_table(case$rows)
      got <- tp_explain_plan(check_plan(case$plan))$table
      expect_identical(names(got), append(table_columns, c("formula", "substitution"), 6L))
      expect_identical(nrow(got), nrow(want))
      for (name in setdiff(table_columns, "value")) {
        expect_identical(as.character(got[[name]]), as.character(want[[name]]), label = name)
      }
      # the last bits of exp and tanh and the order of sums, in the size of a group's terms
      far <- abs(got$value - want$value) > tolerance_first * row_sizes(want)
      expect_identical(want$symbol[far], character())
    })
  })
}

test_that("the report of the worked sample is the stored one", {
  path <- test_path("..", "cases", "explain", "three-by-three.txt")
  stored <- paste0(readLines(path, encoding = "UTF-8"), "\n", collapse = "")
  expect_identical(tp_report(tp_explain_plan("three_by_three")), stored)
})
