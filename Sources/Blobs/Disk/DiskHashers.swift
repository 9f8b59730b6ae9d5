import Platform

/// The threads that hash partial files.
package struct DiskHashers: Sendable {
  /// For uploads somebody waits for.
  package let urgent: any IOExecutor
  /// For all others: its threads yield to everything else.
  package let patient: any IOExecutor

  package init(urgent: any IOExecutor, patient: any IOExecutor) {
    self.urgent = urgent
    self.patient = patient
  }
}
