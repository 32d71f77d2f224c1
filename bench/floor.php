<?php
/**
 * The least that making these members costs: CiviCRM's own API in one PHP process, no HTTP, contacts first and what
 * belongs to them afterwards. Run as: php floor.php SITE_FOLDER < members.json; prints the seconds it took.
 *
 * members.json: {"batch": 250, "members": [{"contact": {…}, "email": {…}, "phone": {…}, "address": {…},
 * "group_id": 1, "contact_id_b": 1, "type": "Chapter_Member"}, …]}
 */

$_SERVER['HTTP_HOST'] ??= 'localhost';
require "$argv[1]/civicrm.standalone.php";
CRM_Core_Config::singleton();

$work = json_decode(stream_get_contents(STDIN), TRUE);
$save = fn(string $entity, array $records) => civicrm_api4($entity, 'save', ['records' => $records, 'checkPermissions' => FALSE]);

$began = microtime(TRUE);
foreach (array_chunk($work['members'], $work['batch']) as $members) {
  $contacts = array_map(fn(array $member): array => $member['contact'] + [
    'skip_greeting_processing' => TRUE,
    'email_greeting_display' => "Dear {$member['contact']['first_name']}",
    'postal_greeting_display' => "Dear {$member['contact']['first_name']}",
    'addressee_display' => "{$member['contact']['first_name']} {$member['contact']['last_name']}",
  ], $members);
  $ids = array_column((array) $save('Individual', $contacts), 'id');
  $of = fn(string $part): array => array_map(
    fn(array $member, int $id): array => $member[$part] + ['contact_id' => $id, 'is_primary' => TRUE], $members, $ids
  );
  $save('Email', $of('email'));
  $save('Phone', $of('phone'));
  $save('Address', $of('address'));
  $save('GroupContact', array_map(
    fn(array $member, int $id): array => ['contact_id' => $id, 'group_id' => $member['group_id'], 'status' => 'Added'],
    $members, $ids
  ));
  $save('Relationship', array_map(fn(array $member, int $id): array => [
    'contact_id_a' => $id,
    'contact_id_b' => $member['contact_id_b'],
    'relationship_type_id:name' => $member['type'],
    'is_active' => TRUE,
    'skipRecentView' => TRUE,
  ], $members, $ids));
}
echo json_encode(['seconds' => microtime(TRUE) - $began]), "\n";
