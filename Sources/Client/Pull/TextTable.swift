/// Rows as aligned columns of plain text.
package enum TextTable {
  package enum Alignment: Sendable { case left, right }

  /// - Parameter columns: head and alignment; no line ends in spaces.
  package static func lines(_ columns: [(head: String, Alignment)], _ rows: [[String]]) -> [String] {
    let table = [columns.map(\.head)] + rows.map { row in row.map(visible) }
    let widths = columns.indices.map { index in table.map { $0[index].count }.max() ?? 0 }
    return table.map { row in
      var line = ""
      for (index, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[index] - cell.count)
        line += (index == 0 ? "" : "  ") + (columns[index].1 == .right ? padding + cell : cell + padding)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// Text from a server must not move the cursor or end the line of a terminal.
  package static func visible(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
      result.unicodeScalars.append(isControl ? "\u{fffd}" : scalar)
    }
    return result
  }
}
