# The help pages of the data sets. No twin: Python and JavaScript have docs/data.md.
#
# data/NAME.R says how R reads them; inst/js/datasets.json describes them for all languages.

#' Exclusive or
#'
#' The four cases of two switches, in the order 00, 01, 10, 11.
#'
#' @format A data frame with 4 rows and 3 columns:
#' \describe{
#'   \item{x1}{first switch, 0 or 1}
#'   \item{x2}{second switch, 0 or 1}
#'   \item{y}{1 if exactly one switch is 1, else 0}
#' }
#' @source The truth table of exclusive or.
#' @seealso [tp_dataset()], which adds the inputs, the outputs and the source.
#' @examples
#' data(xor)
#' xor
#' @name xor
#' @docType data
#' @usage data(xor)
#' @keywords datasets
NULL

#' A network of three inputs, three hidden and three output neurons
#'
#' One worked sample for the widely known sigmoid network whose given weights are in the attribute
#' `network` of `tp_dataset("three_by_three")`. The inputs and weights are the book's; the desired
#' outputs are twinprop's own, and so are the biases of 0: the book's network has none.
#'
#' @format A data frame with 1 row and 6 columns:
#' \describe{
#'   \item{x1, x2, x3}{inputs: 0.9, 0.1, 0.8}
#'   \item{y1, y2, y3}{desired outputs: 0.9, 0.1, 0.1}
#' }
#' @source Rashid, T. (2016). *Make Your Own Neural Network*. The numbers are cited as facts;
#'   nothing of the book's text or code is copied.
#' @seealso [tp_dataset()], which adds the inputs, the outputs and the source.
#' @examples
#' attr(tp_dataset("three_by_three"), "network")$weights[[1]]
#' @name three_by_three
#' @docType data
#' @usage data(three_by_three)
#' @keywords datasets
NULL

#' Iris
#'
#' Three species of iris, told apart by four measurements of their flowers. The names and values are
#' those of R's own `iris`.
#'
#' @format A data frame with 150 rows and 5 columns:
#' \describe{
#'   \item{Sepal.Length}{length of the sepal, cm}
#'   \item{Sepal.Width}{width of the sepal, cm}
#'   \item{Petal.Length}{length of the petal, cm}
#'   \item{Petal.Width}{width of the petal, cm}
#'   \item{Species}{a factor, species of iris: setosa, versicolor or virginica}
#' }
#' @source UCI Machine Learning Repository, \doi{10.24432/C56C76}. Taken from scikit-learn, whose
#'   values follow Fisher's paper where two rows of UCI's file differ.
#'
#'   Licence: CC BY 4.0 (UCI).
#' @references Fisher, R. A. (1936). The use of multiple measurements in taxonomic problems. *Annals
#'   of Eugenics*, 7(2), 179-188.
#' @seealso [tp_dataset()], which adds the inputs, the outputs and the source.
#' @examples
#' data(iris, package = "twinprop")
#' summary(iris)
#' @name iris
#' @docType data
#' @usage data(iris)
#' @keywords datasets
NULL

#' Palmer penguins
#'
#' Three species of penguin, told apart by their island, four measurements and their sex. 11 rows
#' lack a value: 2 the measurements and the sex, 9 the sex alone.
#'
#' @format A data frame with 344 rows and 8 columns:
#' \describe{
#'   \item{species}{a factor, species of penguin: Adelie, Chinstrap or Gentoo}
#'   \item{island}{a factor, island of the Palmer Archipelago: Biscoe, Dream or Torgersen}
#'   \item{bill_length_mm}{length of the bill, mm}
#'   \item{bill_depth_mm}{depth of the bill, mm}
#'   \item{flipper_length_mm}{length of the flipper, mm}
#'   \item{body_mass_g}{body mass, g}
#'   \item{sex}{a factor, sex: female or male}
#'   \item{year}{year of the study; not an input of a plan}
#' }
#' @source Horst, A. M., Hill, A. P. and Gorman, K. B. (2020). palmerpenguins, version 0.1.1.
#'   \doi{10.5281/zenodo.3960218}.
#'
#'   Licence: CC0.
#' @references Gorman, K. B., Williams, T. D. and Fraser, W. R. (2014). Ecological sexual dimorphism
#'   and environmental variability within a community of Antarctic penguins (genus *Pygoscelis*).
#'   *PLoS ONE*, 9(3), e90081. \doi{10.1371/journal.pone.0090081}.
#' @seealso [tp_dataset()], which adds the inputs, the outputs and the source.
#' @examples
#' data(penguins, package = "twinprop")
#' summary(penguins)
#' @name penguins
#' @docType data
#' @usage data(penguins)
#' @keywords datasets
NULL

#' Wine
#'
#' Three cultivars of one region in Italy, told apart by thirteen chemical measurements.
#'
#' @format A data frame with 178 rows and 14 columns:
#' \describe{
#'   \item{alcohol}{alcohol}
#'   \item{malic_acid}{malic acid}
#'   \item{ash}{ash}
#'   \item{alcalinity_of_ash}{alcalinity of ash}
#'   \item{magnesium}{magnesium}
#'   \item{total_phenols}{total phenols}
#'   \item{flavanoids}{flavanoids}
#'   \item{nonflavanoid_phenols}{nonflavanoid phenols}
#'   \item{proanthocyanins}{proanthocyanins}
#'   \item{color_intensity}{color intensity}
#'   \item{hue}{hue}
#'   \item{od280_od315_of_diluted_wines}{od280 od315 of diluted wines}
#'   \item{proline}{proline}
#'   \item{class}{a factor, cultivar: class_0, class_1 or class_2}
#' }
#' @source Aeberhard, S. and Forina, M. (1992). Wine. UCI Machine Learning Repository,
#'   \doi{10.24432/C5PC7J}. Taken from scikit-learn; a header added, the classes renamed.
#'
#'   Licence: CC BY 4.0 (UCI).
#' @seealso [tp_dataset()], which adds the inputs, the outputs and the source.
#' @examples
#' data(wine)
#' table(wine$class)
#' @name wine
#' @docType data
#' @usage data(wine)
#' @keywords datasets
NULL

#' Handwritten digits
#'
#' Handwritten digits as pictures of 8 by 8 pixels.
#'
#' @format A data frame with 1797 rows and 65 columns: `pixel_0_0` to `pixel_7_7`, the pixel's
#'   darkness, 0 to 16, at that row and column, counted from 0; `digit`, a factor, the digit
#'   written: 0 to 9.
#' @source Alpaydin, E. and Kaynak, C. (1998). Optical Recognition of Handwritten Digits. UCI
#'   Machine Learning Repository, \doi{10.24432/C50P49}; the test set. Taken from scikit-learn; a
#'   header added.
#'
#'   Licence: CC BY 4.0 (UCI).
#' @seealso [tp_dataset()], which adds the inputs, the outputs and the source.
#' @examples
#' data(digits)
#' matrix(unlist(digits[1, 1:64]), 8, byrow = TRUE)
#' @name digits
#' @docType data
#' @usage data(digits)
#' @keywords datasets
NULL

#' Diabetes
#'
#' Ten measurements of 442 patients, in raw units, and the progression of their disease a year
#' later. No source at hand says which of the two codes of `sex` is which.
#'
#' @format A data frame with 442 rows and 11 columns:
#' \describe{
#'   \item{age}{age, years}
#'   \item{sex}{sex, coded 1 and 2}
#'   \item{bmi}{body mass index}
#'   \item{bp}{average blood pressure}
#'   \item{s1}{tc, total serum cholesterol}
#'   \item{s2}{ldl, low-density lipoproteins}
#'   \item{s3}{hdl, high-density lipoproteins}
#'   \item{s4}{tch, total cholesterol / HDL}
#'   \item{s5}{ltg, possibly log of serum triglycerides level}
#'   \item{s6}{glu, blood sugar level}
#'   \item{progression}{quantitative measure of disease progression one year after baseline}
#' }
#' @source scikit-learn, `load_diabetes(scaled = False)`.
#'
#'   Licence: BSD 3-Clause, as scikit-learn distributes it; its notice is in the package's file
#'   COPYRIGHTS. The original source states no licence that we know of.
#' @references Efron, B., Hastie, T., Johnstone, I. and Tibshirani, R. (2004). Least angle
#'   regression. *Annals of Statistics*, 32(2), 407-499.
#' @seealso [tp_dataset()], which adds the inputs, the outputs and the source.
#' @examples
#' data(diabetes)
#' summary(diabetes)
#' @name diabetes
#' @docType data
#' @usage data(diabetes)
#' @keywords datasets
NULL

#' Exercises and body measurements of twenty men
#'
#' Three exercises and three body measurements of twenty middle-aged men of a fitness club.
#'
#' @format A data frame with 20 rows and 6 columns:
#' \describe{
#'   \item{Chins, Situps, Jumps}{the three exercises}
#'   \item{Weight, Waist, Pulse}{the three body measurements}
#' }
#' @source scikit-learn, `load_linnerud()`.
#'
#'   Licence: BSD 3-Clause, as scikit-learn distributes it; its notice is in the package's file
#'   COPYRIGHTS. The original source states no licence that we know of.
#' @references Tenenhaus, M. (1998). *La regression PLS: theorie et pratique*. Editions Technip,
#'   Paris.
#' @seealso [tp_dataset()], which adds the inputs, the outputs and the source.
#' @examples
#' data(linnerud)
#' summary(linnerud)
#' @name linnerud
#' @docType data
#' @usage data(linnerud)
#' @keywords datasets
NULL
