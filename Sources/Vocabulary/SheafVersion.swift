/// The version of this program: what `sheaf version` prints and the client's `User-Agent` carries.
package enum SheafVersion {
  package static let current = "0.1.0"
}
